;; Behaves: what is in the tables before the others come.
(func $attack (param $request i32) (result i32)
  (call $page (text "{\"id\":7,\"text\":\"untouched\"}")))
