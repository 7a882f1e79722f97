;; Asks a granted origin without end.
;;! include: http
(func $attack (param $request i32) (result i32)
  (loop $more
    (drop (call $get (i32.const 0) (call $setting (local.get $request) (text "\"host\":\"")) (text "/")))
    (br $more))
  unreachable)
