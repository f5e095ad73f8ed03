package identity

import (
	"maps"
	"slices"
)

// BuiltinFreeMail lists the built-in domains of free mail.
func BuiltinFreeMail() []string { return slices.Sorted(maps.Keys(builtinFreeMail())) }
