//go:build !linux

package sqlitestore

// remote cannot tell here.
func remote(string) bool { return false }
