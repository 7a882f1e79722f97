;; Returns a record of a million lists in each other.
(func $attack (param $request i32) (result i32)
  (local $record i32)
  (local.set $record (call $alloc (i32.const 2000011)))
  (memory.fill (local.get $record) (i32.const 91) (i32.const 1000000))
  (memory.fill (i32.add (local.get $record) (i32.const 1000000)) (i32.const 93) (i32.const 1000000))
  (memory.copy (i32.add (local.get $record) (i32.const 2000000)) (text "\n{\"id\":1}\n"))
  (call $page (local.get $record) (i32.const 2000010)))
