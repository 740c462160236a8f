package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Names of XMLDSig and XAdES.
const (
	nsDS       = "http://www.w3.org/2000/09/xmldsig#"
	nsXAdES    = "http://uri.etsi.org/01903/v1.3.2#"
	typeSigned = "http://uri.etsi.org/01903#SignedProperties"
	algSHA256  = "http://www.w3.org/2001/04/xmlenc#sha256"
	algExc     = "http://www.w3.org/2001/10/xml-exc-c14n#"
	algXPath   = "http://www.w3.org/TR/1999/REC-xpath-19991116"
	algECDSA   = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	algRSA     = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	// Every signature covers the document without signatures, so that each keeps the others whole.
	noSignatures = "not(ancestor-or-self::ds:Signature)"
)

// Bounds of an XML that is read.
const (
	maxXMLTokens = 400_000
	maxXMLDepth  = 100
)

// ErrXML says that a file is no XML that can be read here.
var ErrXML = errors.New("sign: not an XML that can be read")

// openXML reads a document without a document type: nothing is expanded, nothing is fetched.
func openXML(b []byte) (*etree.Document, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("%w: too large", ErrXML)
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, fmt.Errorf("%w: not UTF-8", ErrXML) }
	depth, roots := 0, 0
	for n := 0; ; n++ {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n > maxXMLTokens {
			return nil, errors.Join(ErrXML, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if depth++; depth > maxXMLDepth || len(t.Attr) > 200 {
				return nil, fmt.Errorf("%w: nested too deeply", ErrXML)
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return nil, fmt.Errorf("%w: a document type", ErrXML)
		case xml.ProcInst:
			if t.Target != "xml" && depth == 0 {
				return nil, fmt.Errorf("%w: an instruction outside of the document", ErrXML)
			}
		}
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(b); err != nil || doc.Root() == nil || roots != 1 {
		return nil, errors.Join(ErrXML, err)
	}
	return doc, nil
}

// SignXML adds an enveloped signature (ETSI EN 319 132-1, XAdES B-T; B-B where stamp is nil)
// to the root of a document. Errors: ErrXML; ErrWeak; those of the key and stamp.
func SignXML(ctx context.Context, b []byte, by Signer, stamp Stamper, at time.Time) (_ []byte, err error) {
	defer recovered(&err)
	chain, err := leaf(ctx, by)
	if err != nil {
		return nil, err
	}
	doc, err := openXML(b)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	whole, err := withoutSignatures(root, algExc)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("S%x", sha256.Sum256(append(chain[0].Raw, b...)))[:17]
	sig := root.CreateElement("ds:Signature")
	sig.CreateAttr("xmlns:ds", nsDS)
	sig.CreateAttr("Id", id)
	info := sig.CreateElement("ds:SignedInfo")
	value := sig.CreateElement("ds:SignatureValue")
	value.CreateAttr("Id", id+"-value")
	data := sig.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data")
	for _, c := range chain {
		data.CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
	}
	props := properties(sig, id, chain[0], at)
	signed, err := canonical(props.SelectElement("xades:SignedProperties"), algExc)
	if err != nil {
		return nil, err
	}
	info.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", algExc)
	alg := algRSA
	if _, ok := chain[0].PublicKey.(*ecdsa.PublicKey); ok {
		alg = algECDSA
	}
	info.CreateElement("ds:SignatureMethod").CreateAttr("Algorithm", alg)
	all := reference(info, "", "", whole)
	t := all.SelectElement("ds:Transforms")
	x := etree.NewElement("ds:Transform")
	x.CreateAttr("Algorithm", algXPath)
	x.CreateElement("ds:XPath").SetText(noSignatures)
	t.InsertChildAt(0, x)
	reference(info, "#"+id+"-signed", typeSigned, signed)
	text, err := canonical(info, algExc)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	raw, err := by.Sign(ctx, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: key: %w", err)
	}
	if k, ok := chain[0].PublicKey.(*ecdsa.PublicKey); ok {
		if raw, err = plainECDSA(raw, (k.Params().BitSize+7)/8); err != nil {
			return nil, err
		}
	}
	value.SetText(base64.StdEncoding.EncodeToString(raw))
	if stamp != nil {
		if err := stampXML(ctx, value, props, stamp); err != nil {
			return nil, err
		}
	}
	return doc.WriteToBytes()
}

func digestOf(in *etree.Element, sum []byte) {
	in.CreateElement("ds:DigestMethod").CreateAttr("Algorithm", algSHA256)
	in.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(sum))
}

func reference(info *etree.Element, uri, kind string, text []byte) *etree.Element {
	r := info.CreateElement("ds:Reference")
	r.CreateAttr("URI", uri)
	if kind != "" {
		r.CreateAttr("Type", kind)
	}
	r.CreateElement("ds:Transforms").CreateElement("ds:Transform").CreateAttr("Algorithm", algExc)
	sum := sha256.Sum256(text)
	digestOf(r, sum[:])
	return r
}

func properties(sig *etree.Element, id string, cert *x509.Certificate, at time.Time) *etree.Element {
	q := sig.CreateElement("ds:Object").CreateElement("xades:QualifyingProperties")
	q.CreateAttr("xmlns:xades", nsXAdES)
	q.CreateAttr("Target", "#"+id)
	p := q.CreateElement("xades:SignedProperties")
	p.CreateAttr("Id", id+"-signed")
	s := p.CreateElement("xades:SignedSignatureProperties")
	s.CreateElement("xades:SigningTime").SetText(at.Format(time.RFC3339))
	sum := sha256.Sum256(cert.Raw)
	digestOf(s.CreateElement("xades:SigningCertificateV2").CreateElement("xades:Cert").CreateElement("xades:CertDigest"), sum[:])
	return q
}

func stampXML(ctx context.Context, value, props *etree.Element, stamp Stamper) error {
	text, err := canonical(value, algExc)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	token, err := stamp(ctx, sum[:])
	if err != nil {
		return fmt.Errorf("sign: time stamp: %w", err)
	}
	s := props.CreateElement("xades:UnsignedProperties").CreateElement("xades:UnsignedSignatureProperties").CreateElement("xades:SignatureTimeStamp")
	s.CreateElement("ds:CanonicalizationMethod").CreateAttr("Algorithm", algExc)
	s.CreateElement("xades:EncapsulatedTimeStamp").SetText(base64.StdEncoding.EncodeToString(token))
	return nil
}

// canonicalizer is of one of the methods that are accepted; nil for others.
func canonicalizer(alg string) dsig.Canonicalizer {
	switch alg {
	case algExc:
		return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	case "http://www.w3.org/TR/2001/REC-xml-c14n-20010315":
		return dsig.MakeC14N10RecCanonicalizer()
	case "http://www.w3.org/2006/12/xml-c14n11":
		return dsig.MakeC14N11Canonicalizer()
	}
	return nil
}

// canonical is the one text of an element where it stands in its document.
func canonical(e *etree.Element, alg string) ([]byte, error) {
	c := canonicalizer(alg)
	if e == nil || c == nil {
		return nil, errors.New("sign: canonical form is not known")
	}
	ctx, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	alone, err := etreeutils.NSDetatch(ctx, e)
	if err != nil {
		return nil, err
	}
	return c.Canonicalize(alone)
}

func withoutSignatures(root *etree.Element, alg string) ([]byte, error) {
	c := canonicalizer(alg)
	if c == nil {
		return nil, errors.New("sign: canonical form is not known")
	}
	whole := root.Copy()
	for _, s := range signaturesIn(whole) {
		if s.Parent() != nil {
			s.Parent().RemoveChild(s)
		}
	}
	return c.Canonicalize(whole)
}

// signaturesIn are the outermost signatures of a document.
func signaturesIn(e *etree.Element) (out []*etree.Element) {
	for _, c := range e.ChildElements() {
		if c.Tag == "Signature" && c.NamespaceURI() == nsDS {
			out = append(out, c)
		} else {
			out = append(out, signaturesIn(c)...)
		}
	}
	return out
}

// plainECDSA turns ASN.1 into the two numbers that XMLDSig asks for.
func plainECDSA(der []byte, size int) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		return nil, err
	}
	if v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > 8*size || v.S.BitLen() > 8*size {
		return nil, errors.New("sign: numbers of a signature")
	}
	return append(v.R.FillBytes(make([]byte, size)), v.S.FillBytes(make([]byte, size))...), nil
}

func asn1ECDSA(raw []byte) ([]byte, error) {
	n := len(raw) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:n]), new(big.Int).SetBytes(raw[n:])})
}

func fromBase64(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
}
