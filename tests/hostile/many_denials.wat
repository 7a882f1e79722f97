;; Asks for what it may not have without end, and hopes to fill the log.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $host i32) (local $length i32) (local $count i32)
  (call $join (text "a?????.example") (text ""))
  (local.set $length)
  (local.set $host)
  (loop $more
    (i32.store8 offset=1 (local.get $host) (i32.add (i32.const 97) (i32.rem_u (local.get $count) (i32.const 26))))
    (i32.store8 offset=2 (local.get $host) (i32.add (i32.const 97) (i32.div_u (local.get $count) (i32.const 26))))
    (i32.store8 offset=3 (local.get $host) (i32.const 97))
    (i32.store8 offset=4 (local.get $host) (i32.const 97))
    (i32.store8 offset=5 (local.get $host) (i32.const 97))
    (call $must_be_denied (i32.const 0) (local.get $host) (local.get $length))
    (local.set $count (i32.add (local.get $count) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $count) (i32.const 50))))
  (call $page (text "{\"denied\":true}")))
