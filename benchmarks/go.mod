module github.com/tabi-go/tabi/benchmarks

go 1.26.0

require (
	github.com/tabi-go/tabi v0.0.0
	gonum.org/v1/gonum v0.16.0
)

require github.com/google/uuid v1.6.0 // indirect

replace github.com/tabi-go/tabi => ../
