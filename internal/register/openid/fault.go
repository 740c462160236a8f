package openid

import "errors"

// Fault is a refusal in the protocol's own words (RFC 6749 and what builds on it). Text is for
// whoever writes the client, so it is English and says what to change.
type Fault struct {
	Code string
	Text string
	// Nonce is what a proof must repeat, with use_dpop_nonce.
	Nonce string
}

// Error is the code and the text.
func (f *Fault) Error() string { return f.Code + ": " + f.Text }

func fault(code, text string) error { return &Fault{Code: code, Text: text} }

// FaultOf finds a fault in a chain.
func FaultOf(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}

// Codes of faults.
const (
	InvalidRequest       = "invalid_request"
	InvalidClient        = "invalid_client"
	InvalidGrant         = "invalid_grant"
	InvalidScope         = "invalid_scope"
	InvalidTarget        = "invalid_target"
	InvalidProof         = "invalid_dpop_proof"
	InvalidToken         = "invalid_token"
	UseNonce             = "use_dpop_nonce"
	Unauthorized         = "unauthorized_client"
	UnsupportedGrant     = "unsupported_grant_type"
	UnsupportedResponse  = "unsupported_response_type"
	AccessDenied         = "access_denied"
	LoginRequired        = "login_required"
	ConsentRequired      = "consent_required"
	InteractionRequired  = "interaction_required"
	UnmetAuthentication  = "unmet_authentication_requirements"
	RequestNotSupported  = "request_not_supported"
	RequestURINotAllowed = "invalid_request_uri"
	AuthorizationPending = "authorization_pending"
	SlowDown             = "slow_down"
	ExpiredToken         = "expired_token"
)
