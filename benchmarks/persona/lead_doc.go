// Package persona measures statistics of package persona beside general libraries.
package persona
