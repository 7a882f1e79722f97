;; Asks for other ports of the granted host.
;;! include: http
(func $attack (param $request i32) (result i32)
  (call $must_be_denied (i32.const 0) (text "127.0.0.1:1"))
  (call $must_be_denied (i32.const 0) (text "127.0.0.1"))
  (call $must_be_denied (i32.const 0) (text "127.0.0.1:65535"))
  (call $page (text "{\"denied\":true}")))
