;; Says that its service has more records than there are numbers for.
(func $attack (param $request i32) (result i32)
  (local $page i32)
  (local.set $page (call $page (text "{\"id\":1}")))
  (i32.store8 offset=48 (local.get $page) (i32.const 1))
  (i64.store offset=56 (local.get $page) (i64.const -1))
  (local.get $page))
