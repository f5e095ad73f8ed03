// Package httpin receives events over HTTP as Segment's SDKs send them, and CloudEvents,
// and records them.
//
//	h, err := httpin.New(tracker, &httpin.Options{Keys: map[string]string{"web": key}})
//	http.Handle("/", h)
//
// Point any Segment SDK at the server and it delivers. The name of its write key becomes
// the source of the touches. A request is read and decoded whole, then recorded in one
// call; the answer counts what became of each message, and says why for those that were
// not accepted. What could not be recorded now is answered 503, and sending the same
// again is safe: what was taken comes back as duplicate.
//
// Everything is bounded: bodies after decompression, messages, requests in flight, the
// time to read a body. Without keys every request is refused, unless Open says otherwise.
// Keys, click ids and identifiers reach no log and no answer.
//
// Serve it behind a http.Server with its own header time-out, and TLS.
package httpin
