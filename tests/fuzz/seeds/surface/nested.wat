(component
  (component (import "evil:host/all@0.1.0" (instance)))
  (core module (import "a" "b" (func)))
  (component (core module) (component))
  (instance $i)
  (export "sluicegate:source/source@0.1.0" (instance $i)))
