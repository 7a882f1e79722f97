;; Returns a page, and never comes back from being told that the host has taken it.
(func $after_fetch_page (param $result i32)
  (if (i32.eq (i32.load offset=12 (local.get $result)) (i32.const 8))
    (then (return)))
  (loop $forever (br $forever)))

(func $attack (param $request i32) (result i32)
  (call $page (text "{\"stolen\":true}")))
