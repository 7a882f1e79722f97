;; Puts SQL and control characters into names and values of its records.
(func $attack (param $request i32) (result i32)
  (call $page (text "{\"x\\\"; DROP TABLE jivochat_data.good; --\":1,\"'); DELETE FROM good; --\":{\"_dlt_id\":\"';\"},\"_dlt_load_id\":\"mine\",\"\\u0000\\u001b[2J\":\"\\u0000\",\"list\":[{\"_dlt_parent_id\":\"x\"}]}")))
