;; Returns a million lines with nothing in them, not even a record.
(func $attack (param $request i32) (result i32)
  (local $records i32)
  (local.set $records (call $alloc (i32.const 1000000)))
  (memory.fill (local.get $records) (i32.const 10) (i32.const 1000000))
  (call $page (local.get $records) (i32.const 1000000)))
