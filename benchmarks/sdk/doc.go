// Package sdk holds tests with other tools' own clients, which are too heavy a dependency
// for the module they check.
package sdk
