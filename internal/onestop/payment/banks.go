package payment

// BankName is how people and their banking apps call the bank of a BIN; "" for one that is not
// listed here. Who types a transfer by hand looks for the name, not for the number.
//
// Source: the list of NAPAS members that VietQR codes address.
func BankName(bin string) string {
	switch bin {
	case "970405":
		return "Agribank"
	case "970407":
		return "Techcombank"
	case "970415":
		return "VietinBank"
	case "970416":
		return "ACB"
	case "970418":
		return "BIDV"
	case "970422":
		return "MB"
	case "970423":
		return "TPBank"
	case "970432":
		return "VPBank"
	case "970436":
		return "Vietcombank"
	case "970403":
		return "Sacombank"
	case "970437":
		return "HDBank"
	case "970441":
		return "VIB"
	case "970443":
		return "SHB"
	}
	return ""
}
