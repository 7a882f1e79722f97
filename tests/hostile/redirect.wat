;; Follows a redirect to an origin that nobody granted.
;;! include: http
(func $attack (param $request i32) (result i32)
  (local $entry i32) (local $host i32) (local $length i32)
  (if (i32.ne (i32.const 302)
      (call $get (i32.const 0) (call $setting (local.get $request) (text "\"host\":\""))
        (call $setting (local.get $request) (text "\"path\":\""))))
    (then unreachable))
  ;; The field `location`, whose name is the only one of its length here that ends in an n.
  (local.set $entry (global.get $fields))
  (block $found
    (loop $next
      (br_if $found
        (i32.and
          (i32.eq (i32.load offset=4 (local.get $entry)) (i32.const 8))
          (i32.eq (i32.load8_u offset=7 (i32.load (local.get $entry))) (i32.const 110))))
      (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
      (br $next)))
  (call $behind (i32.load offset=8 (local.get $entry)) (i32.load offset=12 (local.get $entry)) (text "//") (i32.const 47))
  (local.set $length)
  (local.set $host)
  (call $must_be_denied (i32.const 0) (local.get $host) (local.get $length))
  (call $fail (i32.const 5) (text "I was not let out")))
