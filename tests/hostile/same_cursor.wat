;; Says each time that the next page is the one that was asked for.
(func $attack (param $request i32) (result i32)
  (call $page_then (text "{\"id\":1}") (text "again")))
