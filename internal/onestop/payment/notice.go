package payment

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Notice says that money came. It is proof of nothing by itself: who tells it has been
// checked by a signature, an import by an officer, or a cashier's own act.
type Notice struct {
	Way      Way
	External string // the bank's or gateway's own number of the payment: with Way, it counts once
	Amount   int64  // more than zero; the ledger has no other
	// Reference of the order as the payer or gateway gave it; "" or unknown lies in suspense.
	Reference string
	Text      string // the purpose as it came, where the way has one
	Bank      string // BIN and number of the account that got it, where the way says
	Account   string
	At        time.Time // when it came, as told
}

const maxExternal = 64

func (n Notice) check() error {
	if n.External == "" || len(n.External) > maxExternal || n.Amount <= 0 || n.Amount > maxDong || n.At.IsZero() || len(n.Reference) > 64 {
		return errs.E(errs.Invalid, "payment.notice.invalid")
	}
	return nil
}

// digest tells a repeat from another payment under the same number.
func (n Notice) digest() string {
	sum := sha256.Sum256([]byte(string(n.Way) + "\n" + n.External + "\n" + strconv.FormatInt(n.Amount, 10) + "\n" + n.Reference))
	return hex.EncodeToString(sum[:16])
}

// maxSkew is how old a signed bank notice may be: a replay after it is refused by its time,
// one within it by its number.
const maxSkew = 24 * time.Hour

// SignBank signs the body of a bank's notice: HMAC-SHA256 over time, a dot and the body.
func SignBank(secret []byte, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(strconv.FormatInt(at.Unix(), 10) + "."))
	m.Write(body)
	return "t=" + strconv.FormatInt(at.Unix(), 10) + ",v1=" + hex.EncodeToString(m.Sum(nil))
}

// bankBody is a bank's notice on the wire.
type bankBody struct {
	Ref     string `json:"ref"`
	Amount  int64  `json:"amount"`
	Ccy     string `json:"currency"`
	Bank    string `json:"bank"`
	Account string `json:"account"`
	Text    string `json:"text"`
	At      string `json:"at"` // RFC 3339
}

// BankBody writes a notice as banks send it.
func BankBody(n Notice, text string) []byte {
	b, _ := json.Marshal(bankBody{n.External, n.Amount, "VND", n.Bank, n.Account, text, n.At.Format(time.RFC3339)})
	return b
}

func forged() error { return errs.E(errs.Forbidden, "payment.notice.forged") }

// ReadBank reads a bank's notice. Forbidden where the signature is not the bank's or too old.
func ReadBank(secret []byte, signature string, body []byte, now time.Time) (n Notice, err error) {
	stamp, _, ok := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if !ok || err != nil || len(secret) == 0 {
		return n, forged()
	}
	at := time.Unix(sec, 0)
	if !hmac.Equal([]byte(SignBank(secret, at, body)), []byte(signature)) || now.Sub(at) > maxSkew || at.Sub(now) > maxSkew {
		return n, forged()
	}
	var b bankBody
	if err := json.Unmarshal(body, &b); err != nil || b.Ccy != "VND" {
		return n, errs.E(errs.Invalid, "payment.notice.invalid", errs.Cause(err))
	}
	when, err := time.Parse(time.RFC3339, b.At)
	if err != nil {
		return n, errs.E(errs.Invalid, "payment.notice.invalid", errs.Cause(err))
	}
	n = Notice{Way: ByBank, External: b.Ref, Amount: b.Amount, Reference: FindReference(b.Text), Text: b.Text, Bank: b.Bank, Account: b.Account, At: when}
	return n, n.check()
}

// Names of the gateway's fields, as the national platform has them.
const (
	FieldDossier   = "MaHoSo"
	FieldReference = "MaTraCuuTT"
	FieldService   = "MaDichVu"
	FieldProcedure = "MaTTHC"
	FieldFees      = "PhiLePhi"
	FieldAccount   = "TKThuHuong"
	FieldBank      = "MaNHThuHuong"
	FieldHolder    = "TenTKThuHuong"
	FieldPayer     = "HoTenNguoiNop"
	FieldAmount    = "SoTien"
	FieldTxn       = "MaGiaoDich"
	FieldStatus    = "TrangThai"
	FieldAt        = "ThoiGianTT"
	FieldReturn    = "DiaChiTraVe"
	FieldSignature = "ChuKy"
)

// StatusDone is the gateway's status of a payment that went through.
const StatusDone = "00"

const gatewayTime = "20060102150405"

// SignGateway signs fields: HMAC-SHA512 over them as a query in the order of their names.
func SignGateway(secret []byte, f url.Values) string {
	c := url.Values{}
	for k, v := range f {
		if k != FieldSignature {
			c[k] = v
		}
	}
	m := hmac.New(sha512.New, secret)
	m.Write([]byte(c.Encode()))
	return hex.EncodeToString(m.Sum(nil))
}

// CheckGateway refuses fields that the gateway did not sign, and one given twice.
func CheckGateway(secret []byte, f url.Values) error {
	for _, v := range f {
		if len(v) != 1 {
			return forged()
		}
	}
	if len(secret) == 0 || !hmac.Equal([]byte(SignGateway(secret, f)), []byte(strings.ToLower(f.Get(FieldSignature)))) {
		return forged()
	}
	return nil
}

// GatewayNotice writes a notice in the gateway's fields, signed.
func GatewayNotice(secret []byte, n Notice, status string) url.Values {
	f := url.Values{
		FieldReference: {n.Reference}, FieldTxn: {n.External}, FieldAmount: {strconv.FormatInt(n.Amount, 10)},
		FieldStatus: {status}, FieldAt: {n.At.In(clock.Zone).Format(gatewayTime)},
	}
	f.Set(FieldSignature, SignGateway(secret, f))
	return f
}

// ReadGateway reads the gateway's notice; done says that the payment went through, otherwise
// nothing came. Forbidden where the gateway did not sign it.
func ReadGateway(secret []byte, f url.Values) (n Notice, done bool, err error) {
	if err := CheckGateway(secret, f); err != nil {
		return n, false, err
	}
	amount, err := strconv.ParseInt(f.Get(FieldAmount), 10, 64)
	if err != nil {
		return n, false, errs.E(errs.Invalid, "payment.notice.invalid", errs.Cause(err))
	}
	at, err := time.ParseInLocation(gatewayTime, f.Get(FieldAt), clock.Zone)
	if err != nil {
		return n, false, errs.E(errs.Invalid, "payment.notice.invalid", errs.Cause(err))
	}
	n = Notice{Way: ByGateway, External: f.Get(FieldTxn), Amount: amount, Reference: FindReference(f.Get(FieldReference)), At: at}
	return n, f.Get(FieldStatus) == StatusDone, n.check()
}
