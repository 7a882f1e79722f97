;; Puts what its configuration calls `key` wherever a component's words go: records, cursors, the log, an error, a host.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $key i32) (local $length i32)
  (call $setting (local.get $request) (text "\"key\":\""))
  (local.set $length)
  (local.set $key)
  (call $log (local.get $key) (local.get $length))
  (call $must_be_denied (i32.const 0) (call $join (local.get $key) (local.get $length) (text ".example")))
  (if (i32.eqz (call $has_cursor (local.get $request)))
    (then
      (return
        (call $page_then
          (call $join (call $join (text "{\"key\":\"") (local.get $key) (local.get $length)) (text "\"}"))
          (local.get $key) (local.get $length)))))
  ;; The cursor must come back as it was.
  (if
    (call $find (i32.load offset=60 (local.get $request)) (i32.load offset=64 (local.get $request))
      (local.get $key) (local.get $length))
    (then unreachable))
  (call $fail (i32.const 5) (call $join (text "the key is ") (local.get $key) (local.get $length))))

(import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
  (func $write (param i32 i32 i32 i32)))

(func $log (param $text i32) (param $length i32)
  (call $write (call $stderr) (local.get $text) (local.get $length) (call $alloc (i32.const 16))))
