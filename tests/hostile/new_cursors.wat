;; Says each time that there is another page, and never twice the same.
(func $attack (param $request i32) (result i32)
  (local $cursor i32)
  (local.set $cursor (call $alloc (i32.const 1)))
  (i32.store8 (local.get $cursor) (i32.const 33))
  (if (call $has_cursor (local.get $request))
    (then (i32.store8 (local.get $cursor) (i32.add (call $cursor_byte (local.get $request)) (i32.const 1)))))
  (call $page_then (text "{\"id\":1}") (local.get $cursor) (i32.const 1)))
