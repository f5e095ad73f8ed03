package main

import "github.com/tabi-go/tabi/examples/internal/input"

func (j *job) board(input.Streams, map[string]bool) error { return input.Usagef("no scoreboard yet") }
