;; Gives memory to the host for what it hands over.
(func $realloc (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (call $alloc (local.get $size)))
  (memory.copy (local.get $at) (local.get $old)
    (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))
  (local.get $at))
