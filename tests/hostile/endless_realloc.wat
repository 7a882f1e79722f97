;; Never gives the host the memory that it wants for its arguments, of the resource `attack`.
(func $realloc (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  ;; The name of the other resource has four bytes, and nothing else in a first request has as many as this one's.
  (if (i32.eq (local.get $size) (i32.const 6)) (then (loop $forever (br $forever))))
  (call $alloc (local.get $size)))

(func $attack (param $request i32) (result i32) unreachable)
