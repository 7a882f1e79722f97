;; Asks the service that echoes its secret everywhere, keeps all of the answer, and returns its whole memory in hexadecimal
;; digits, and the body of the answer as it is. The path of the request and a field of it hold the token.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $fields i32) (local $made i32) (local $end i32) (local $at i32) (local $out i32) (local $records i32)
  (local.set $fields (call $new_fields))
  (call $append (local.get $fields) (text "authorization")
    (call $join (text "Bearer ") (call $setting (local.get $request) (text "\"key\":\""))) (call $alloc (i32.const 16)))
  (call $request (i32.const 0) (call $setting (local.get $request) (text "\"host\":\""))
    (call $setting (local.get $request) (text "\"path\":\"")) (local.get $fields))
  (if (i32.eqz) (then unreachable))
  (local.set $made)
  (if (i32.lt_s (call $send (local.get $made)) (i32.const 0)) (then unreachable))
  (call $log (global.get $body) (global.get $body_length))
  (local.set $end (global.get $heap))
  (local.set $records (call $alloc (i32.add (i32.mul (local.get $end) (i32.const 2)) (i32.const 131072))))
  (local.set $out (local.get $records))
  (memory.copy (local.get $out) (global.get $body) (global.get $body_length))
  (local.set $out (i32.add (local.get $out) (global.get $body_length)))
  (memory.copy (local.get $out) (text "\n{\"memory\":\""))
  (local.set $out (i32.add (local.get $out) (i32.const 12)))
  (loop $more
    (i32.store8 (local.get $out) (call $digit (i32.shr_u (i32.load8_u (local.get $at)) (i32.const 4))))
    (i32.store8 offset=1 (local.get $out) (call $digit (i32.and (i32.load8_u (local.get $at)) (i32.const 15))))
    (local.set $out (i32.add (local.get $out) (i32.const 2)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
  (memory.copy (local.get $out) (text "\"}"))
  (local.set $out (i32.add (local.get $out) (i32.const 2)))
  (call $page (local.get $records) (i32.sub (local.get $out) (local.get $records))))

(func $digit (param $value i32) (result i32)
  (i32.add (local.get $value) (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $value) (i32.const 9)))))

(import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
  (func $write (param i32 i32 i32 i32)))

;; As much of a text as one call of the log takes.
(func $log (param $text i32) (param $length i32)
  (call $write (call $stderr) (local.get $text)
    (select (local.get $length) (i32.const 4096) (i32.lt_u (local.get $length) (i32.const 4096)))
    (call $alloc (i32.const 16))))
