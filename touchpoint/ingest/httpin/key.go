package httpin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

type writeKey struct {
	name string
	sum  [sha256.Size]byte
}

// sentKey returns the write key of a request, as far as it stands outside of the body.
func sentKey(req *http.Request, r route) string {
	if user, _, ok := req.BasicAuth(); ok && user != "" {
		return user
	}
	if key := req.Header.Get("X-Write-Key"); key != "" {
		return key
	}
	if r.beacon {
		return req.URL.Query().Get("writeKey")
	}
	return ""
}

// admit returns the name of a key, and the status that refuses it or 0. All keys are
// compared, each in constant time.
func (h *handler) admit(key string) (name string, status int) {
	if key == "" {
		if h.o.Open {
			return "", 0
		}
		return "", http.StatusUnauthorized
	}
	sum := sha256.Sum256([]byte(key))
	found := -1
	for i := range h.keys {
		if subtle.ConstantTimeCompare(sum[:], h.keys[i].sum[:]) == 1 {
			found = i
		}
	}
	on := true
	if found >= 0 {
		name = h.keys[found].name
		on = !h.disabled[name]
	} else if h.o.Lookup != nil {
		name, on = h.o.Lookup(key)
	}
	switch {
	case name == "" && h.o.Open && len(h.keys) == 0 && h.o.Lookup == nil:
		return "", 0 // open, and no key is known
	case name == "":
		return "", http.StatusUnauthorized
	case !on:
		return name, http.StatusForbidden
	}
	return name, 0
}
