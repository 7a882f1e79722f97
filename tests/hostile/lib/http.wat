;; Requests, in a few words.

(import "wasi:http/types@0.2.12" "[constructor]fields" (func $new_fields (result i32)))
(import "wasi:http/types@0.2.12" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
(import "wasi:http/types@0.2.12" "[method]fields.entries" (func $entries (param i32 i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $new_request (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-scheme"
  (func $set_scheme (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-authority"
  (func $set_authority (param i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
  (func $set_path (param i32 i32 i32 i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.body" (func $request_body (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $body_write (param i32 i32)))
(import "wasi:http/outgoing-handler@0.2.12" "handle" (func $handle (param i32 i32 i32 i32)))
(import "wasi:http/types@0.2.12" "[method]future-incoming-response.subscribe"
  (func $subscribe (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]future-incoming-response.get" (func $response_of (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.status" (func $status (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.headers" (func $headers (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-response.consume" (func $consume (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]incoming-body.stream" (func $body_stream (param i32 i32)))
(import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $write_chunk (param i32 i32 i32 i32)))
(import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))

;; The fields of the last answer, a list of pairs of texts, and its body, up to 64 KiB of it.
(global $fields (mut i32) (i32.const 0))
(global $field_count (mut i32) (i32.const 0))
(global $body (mut i32) (i32.const 0))
(global $body_length (mut i32) (i32.const 0))

;; A request that is not sent yet. Schemes: 0 is HTTP, 1 HTTPS. The second result says whether the host took it all.
(func $request (param $scheme i32) (param $host i32) (param $host_length i32) (param $path i32) (param $path_length i32)
  (param $with i32) (result i32 i32)
  (local $request i32)
  (local.set $request (call $new_request (local.get $with)))
  (local.get $request)
  (i32.eqz
    (i32.or
      (i32.or
        (call $set_scheme (local.get $request) (i32.const 1) (local.get $scheme) (i32.const 0) (i32.const 0))
        (call $set_authority (local.get $request) (i32.const 1) (local.get $host) (local.get $host_length)))
      (call $set_path (local.get $request) (i32.const 1) (local.get $path) (local.get $path_length)))))

;; Sends a request and reads the answer. Gives its status, or a number below 0: -1 less the number of the error code.
(func $send (param $request i32) (result i32)
  (local $result i32) (local $future i32) (local $response i32) (local $stream i32)
  (local.set $result (call $alloc (i32.const 64)))
  (call $handle (local.get $request) (i32.const 0) (i32.const 0) (local.get $result))
  (if (i32.load8_u (local.get $result))
    (then (return (i32.sub (i32.const -1) (i32.load8_u offset=8 (local.get $result))))))
  (local.set $future (i32.load offset=8 (local.get $result)))
  (call $block (call $subscribe (local.get $future)))
  (call $response_of (local.get $future) (local.get $result))
  (if (i32.load8_u offset=16 (local.get $result))
    (then (return (i32.sub (i32.const -1) (i32.load8_u offset=24 (local.get $result))))))
  (local.set $response (i32.load offset=24 (local.get $result)))
  (call $entries (call $headers (local.get $response)) (local.get $result))
  (global.set $fields (i32.load (local.get $result)))
  (global.set $field_count (i32.load offset=4 (local.get $result)))
  (call $consume (local.get $response) (local.get $result))
  (call $body_stream (i32.load offset=4 (local.get $result)) (local.get $result))
  (local.set $stream (i32.load offset=4 (local.get $result)))
  (global.set $body (call $alloc (i32.const 65536)))
  (global.set $body_length (i32.const 0))
  (block $over
    (loop $more
      (call $read (local.get $stream)
        (i64.extend_i32_u (i32.sub (i32.const 65536) (global.get $body_length))) (local.get $result))
      (br_if $over (i32.load8_u (local.get $result)))
      (memory.copy (i32.add (global.get $body) (global.get $body_length))
        (i32.load offset=4 (local.get $result)) (i32.load offset=8 (local.get $result)))
      (global.set $body_length (i32.add (global.get $body_length) (i32.load offset=8 (local.get $result))))
      (br_if $more (i32.lt_u (global.get $body_length) (i32.const 65536)))))
  (call $status (local.get $response)))

(func $get (param $scheme i32) (param $host i32) (param $host_length i32) (param $path i32) (param $path_length i32)
  (result i32)
  (local $request i32)
  (call $request
    (local.get $scheme) (local.get $host) (local.get $host_length) (local.get $path) (local.get $path_length)
    (call $new_fields))
  (if (i32.eqz) (then unreachable))
  (local.set $request)
  (call $send (local.get $request)))

;; Traps unless a request is denied with the code that `wasi:http` has for that.
(func $must_be_denied (param $scheme i32) (param $host i32) (param $length i32)
  (if (i32.ne (call $get (local.get $scheme) (local.get $host) (local.get $length) (text "/")) (i32.const -16))
    (then unreachable)))

;; Traps unless a request to a host of this spelling and the port of the configuration is denied.
(func $spelling_must_be_denied (param $request i32) (param $host i32) (param $length i32)
  (call $must_be_denied (i32.const 0)
    (call $join (local.get $host) (local.get $length) (call $setting (local.get $request) (text "\"port\":\"")))))
