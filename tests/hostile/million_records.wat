;; Returns a million records with nothing in them.
(func $attack (param $request i32) (result i32)
  (local $records i32) (local $at i32)
  (local.set $records (call $alloc (i32.const 3000000)))
  (loop $more
    (memory.copy (i32.add (local.get $records) (local.get $at)) (text "{}\n"))
    (local.set $at (i32.add (local.get $at) (i32.const 3)))
    (br_if $more (i32.lt_u (local.get $at) (i32.const 3000000))))
  (call $page (local.get $records) (i32.const 3000000)))
