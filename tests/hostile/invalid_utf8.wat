;; Returns a record that is no UTF-8 between two that are.
(func $attack (param $request i32) (result i32)
  (local $records i32) (local $length i32)
  (call $join (text "{\"id\":1}\n{\"id\":\"?\"}\n{\"id\":3}") (text ""))
  (local.set $length)
  (local.set $records)
  (i32.store8 offset=16 (local.get $records) (i32.const 0xff))
  (call $page (local.get $records) (local.get $length)))
