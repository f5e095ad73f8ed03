package storetest_test

import (
	"crypto/rand"
	"encoding/hex"
)

// rnd returns a new id for an erasure.
func rnd() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
