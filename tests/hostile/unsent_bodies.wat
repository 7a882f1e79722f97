;; Writes into the bodies of requests that it never sends, so that the host holds all of it.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $made i32) (local $result i32)
  (local.set $result (call $alloc (i32.const 16)))
  (loop $more
    (call $request (i32.const 0) (text "a.example") (text "/") (call $new_fields))
    (if (i32.eqz) (then unreachable))
    (local.set $made)
    (call $request_body (local.get $made) (local.get $result))
    (call $body_write (i32.load offset=4 (local.get $result)) (local.get $result))
    ;; A piece of what there is of memory; whether it was taken does not matter.
    (call $write_chunk (i32.load offset=4 (local.get $result)) (i32.const 0) (i32.const 65536) (local.get $result))
    (br $more))
  unreachable)
