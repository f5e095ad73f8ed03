package main

import (
	"testing"

	"github.com/tabi-go/tabi/examples/internal/blackbox"
)

func TestMain(m *testing.M) { blackbox.Main(m, main) }
