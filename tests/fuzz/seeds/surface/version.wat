(component (instance $i) (export "sluicegate:source/source@0.2.0-rc.1" (instance $i)))
