;; Returns a page of 200 MB.
(func $attack (param $request i32) (result i32)
  (local $records i32)
  (local.set $records (call $alloc (i32.const 200000000)))
  (memory.fill (local.get $records) (i32.const 49) (i32.const 200000000))
  (call $page (local.get $records) (i32.const 200000000)))
