// Package channel measures channel rules and the HTTP receiver beside plain code that
// does part of the same.
package channel
