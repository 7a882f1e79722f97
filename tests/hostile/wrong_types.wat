;; Exports functions of the right names that take nothing and give numbers.
(component
  (core module $module (func (export "f") (result i32) (i32.const 0)))
  (core instance $instance (instantiate $module))
  (func $function (result u32) (canon lift (core func $instance "f")))
  (instance $source (export "list-resources" (func $function)) (export "fetch-page" (func $function)))
  (export "sluicegate:source/source@0.1.0" (instance $source)))
