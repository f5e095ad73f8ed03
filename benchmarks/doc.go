// Package benchmarks measures tabi beside other libraries: both in one process run,
// the ratio printed, medians of several runs. It is a module of its own, so that the
// peers' dependencies reach nobody who imports tabi.
//
// Run them from a checkout with go -C benchmarks test -bench . -count 5 ./... . The
// figures and the targets are kept in docs/performance.md. Tests never assert a time.
package benchmarks
