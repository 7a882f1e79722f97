;; Returns a page of 4 GiB, nearly all of it outside of its memory.
(func $attack (param $request i32) (result i32)
  (call $page (i32.const 0) (i32.const -1)))
