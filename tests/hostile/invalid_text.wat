;; Returns a cursor that is no UTF-8, which a text of the contract must be.
(func $attack (param $request i32) (result i32)
  (local $cursor i32)
  (local.set $cursor (call $alloc (i32.const 1)))
  (i32.store8 (local.get $cursor) (i32.const 0xff))
  (call $page_then (text "{\"stolen\":true}") (local.get $cursor) (i32.const 1)))
