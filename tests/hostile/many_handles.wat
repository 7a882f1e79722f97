;; Makes WIT resources in the host without giving one back.
;;! include: http
(func $attack (param $request i32) (result i32)
  (loop $more
    (drop (call $new_fields))
    (br $more))
  unreachable)
