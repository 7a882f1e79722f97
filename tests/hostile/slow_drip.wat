;; Reads an answer that comes byte by byte, and would read it for ever.
;;! include: http
(func $attack (param $request i32) (result i32)
  (drop (call $get (i32.const 0) (call $setting (local.get $request) (text "\"host\":\""))
    (call $setting (local.get $request) (text "\"path\":\""))))
  (call $page (text "{\"stolen\":true}")))
