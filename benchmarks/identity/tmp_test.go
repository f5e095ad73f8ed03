package main
import "testing"
var w = newWorld(1_000_000)
func BenchmarkC(b *testing.B){ for b.Loop(){ w.components() } }
func BenchmarkM(b *testing.B){ for b.Loop(){ w.mapForest() } }
func BenchmarkN(b *testing.B){ for b.Loop(){ w.numberComponents() } }
func BenchmarkG(b *testing.B){ for b.Loop(){ w.graph() } }
