;; Ends its page in the middle of a record.
(func $attack (param $request i32) (result i32)
  (call $page (text "{\"id\":1}\n{\"id\":2,\"te")))
