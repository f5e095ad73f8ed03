package ingest

import (
	"strings"

	"github.com/google/uuid"
)

// namespace is that of touchpoint's derived ids, so that all ids made here are of one
// family.
var namespace = uuid.MustParse("9205f5bd-2a90-57e3-b4ab-52ad64c72e95")

// NameID returns the UUIDv5 of the parts, in the namespace of touchpoint's derived ids,
// joined by U+001F: an id for what a format tells apart by several fields. The same
// parts give the same id for ever.
func NameID(parts ...string) string {
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\x1f"))).String()
}
