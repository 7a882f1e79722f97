;; Has five pages, and traps on the third unless the configuration says that it is tame now.
(func $attack (param $request i32) (result i32)
  (local $page i32) (local $record i32) (local $next i32)
  (local.set $page (i32.const 49))
  (if (call $has_cursor (local.get $request))
    (then (local.set $page (call $cursor_byte (local.get $request)))))
  (if
    (i32.and
      (i32.eq (local.get $page) (i32.const 51))
      (i32.lt_s
        (call $find (i32.load (local.get $request)) (i32.load offset=4 (local.get $request)) (text "\"tame\":true"))
        (i32.const 0)))
    (then unreachable))
  (call $join (text "{\"page\":?}") (text ""))
  (drop)
  (local.set $record)
  (i32.store8 offset=8 (local.get $record) (local.get $page))
  (if (i32.eq (local.get $page) (i32.const 53)) (then (return (call $page (local.get $record) (i32.const 10)))))
  (local.set $next (call $alloc (i32.const 1)))
  (i32.store8 (local.get $next) (i32.add (local.get $page) (i32.const 1)))
  (call $page_then (local.get $record) (i32.const 10) (local.get $next) (i32.const 1)))
