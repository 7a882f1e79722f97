;; Returns one record of 100 MB, correct in itself.
(func $attack (param $request i32) (result i32)
  (local $record i32)
  (local.set $record (call $alloc (i32.const 100000000)))
  (memory.fill (local.get $record) (i32.const 120) (i32.const 100000000))
  (memory.copy (local.get $record) (text "{\"a\":\""))
  (memory.copy (i32.add (local.get $record) (i32.const 99999998)) (text "\"}"))
  (call $page (local.get $record) (i32.const 100000000)))
