;; What every program has: memory, an allocator, and the contract's functions and results.
;;
;; A program defines `$attack`, which answers for the resource `attack`, and in place of the functions below its own if it
;; wants to. The resource `good` always behaves.

(memory (export "memory") 4)

;; Where the next piece of memory comes from; nothing is ever given back.
(global $heap (mut i32) (heap))

(func $alloc (param $size i32) (result i32)
  (local $at i32) (local $missing i32)
  (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
  (global.set $heap (i32.add (local.get $at) (local.get $size)))
  (local.set $missing (i32.sub (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
  (if (i32.gt_s (local.get $missing) (i32.const 0))
    (then
      (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $missing) (i32.const 65536)))))
        (then unreachable))))
  (local.get $at))

;; The offset of a text in another one; -1: it is not there.
(func $find (param $in i32) (param $in_length i32) (param $what i32) (param $length i32) (result i32)
  (local $at i32) (local $same i32)
  (block $gone
    (loop $next
      (br_if $gone (i32.gt_s (i32.add (local.get $at) (local.get $length)) (local.get $in_length)))
      (local.set $same (i32.const 0))
      (block $differs
        (loop $compare
          (if (i32.eq (local.get $same) (local.get $length)) (then (return (local.get $at))))
          (br_if $differs
            (i32.ne
              (i32.load8_u (i32.add (i32.add (local.get $in) (local.get $at)) (local.get $same)))
              (i32.load8_u (i32.add (local.get $what) (local.get $same)))))
          (local.set $same (i32.add (local.get $same) (i32.const 1)))
          (br $compare)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (i32.const -1))

;; What stands behind a text, up to a byte. Traps when the text is not there.
(func $behind (param $in i32) (param $in_length i32) (param $what i32) (param $length i32) (param $until i32)
  (result i32 i32)
  (local $at i32) (local $end i32)
  (local.set $at (call $find (local.get $in) (local.get $in_length) (local.get $what) (local.get $length)))
  (if (i32.lt_s (local.get $at) (i32.const 0)) (then unreachable))
  (local.set $at (i32.add (i32.add (local.get $in) (local.get $at)) (local.get $length)))
  (local.set $end (local.get $at))
  (block $found
    (loop $next
      (br_if $found (i32.ge_u (local.get $end) (i32.add (local.get $in) (local.get $in_length))))
      (br_if $found (i32.eq (i32.load8_u (local.get $end)) (local.get $until)))
      (local.set $end (i32.add (local.get $end) (i32.const 1)))
      (br $next)))
  (local.get $at) (i32.sub (local.get $end) (local.get $at)))

;; A setting of the configuration; the text in front of its value is given, as `"port":"`.
(func $setting (param $request i32) (param $what i32) (param $length i32) (result i32 i32)
  (call $behind
    (i32.load (local.get $request)) (i32.load offset=4 (local.get $request))
    (local.get $what) (local.get $length) (i32.const 34)))

;; Two texts in one.
(func $join (param $one i32) (param $one_length i32) (param $two i32) (param $two_length i32) (result i32 i32)
  (local $at i32)
  (local.set $at (call $alloc (i32.add (local.get $one_length) (local.get $two_length))))
  (memory.copy (local.get $at) (local.get $one) (local.get $one_length))
  (memory.copy (i32.add (local.get $at) (local.get $one_length)) (local.get $two) (local.get $two_length))
  (local.get $at) (i32.add (local.get $one_length) (local.get $two_length)))

;; Whether the request has a cursor, and the first byte of it.
(func $has_cursor (param $request i32) (result i32)
  (i32.load8_u offset=56 (local.get $request)))
(func $cursor_byte (param $request i32) (result i32)
  (i32.load8_u (i32.load offset=60 (local.get $request))))

;; A last page.
(func $page (param $records i32) (param $length i32) (result i32)
  (local $result i32)
  (local.set $result (call $alloc (i32.const 64)))
  (i32.store offset=8 (local.get $result) (local.get $records))
  (i32.store offset=12 (local.get $result) (local.get $length))
  (local.get $result))

;; A page with a cursor to the next one.
(func $page_then (param $records i32) (param $length i32) (param $next i32) (param $next_length i32) (result i32)
  (local $result i32)
  (local.set $result (call $page (local.get $records) (local.get $length)))
  (i32.store8 offset=24 (local.get $result) (i32.const 1))
  (i32.store offset=28 (local.get $result) (local.get $next))
  (i32.store offset=32 (local.get $result) (local.get $next_length))
  (local.get $result))

;; An error, by the number of its case.
(func $fail (param $case i32) (param $message i32) (param $length i32) (result i32)
  (local $result i32)
  (local.set $result (call $alloc (i32.const 64)))
  (i32.store8 (local.get $result) (i32.const 1))
  (i32.store8 offset=8 (local.get $result) (local.get $case))
  (i32.store offset=16 (local.get $result) (local.get $message))
  (i32.store offset=20 (local.get $result) (local.get $length))
  (local.get $result))
