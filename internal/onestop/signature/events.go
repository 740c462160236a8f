package signature

// Signed is the entry of a paper that was signed; the payload is Told.
const Signed = "signature.signed"

// Told is what was signed.
type Told struct {
	SHA256 string `json:"sha256"` // of the signed file
	Of     string `json:"of"`     // SHA-256 of the file before
	Serial string `json:"serial"` // of the certificate
	Reason string `json:"reason,omitempty"`
	Batch  int64  `json:"batch,omitempty,string"` // the act in which it was one of many
}
