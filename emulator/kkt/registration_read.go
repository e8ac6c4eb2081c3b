package kkt

import (
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// parseRegistration reads the fields of a report of form 1 or 11.
func parseRegistration(fields []byte) (Registration, error) {
	r := Registration{FFD: fiscal.FFD10} // what a report without 1209 is of
	w := tlv.Walk(fields)
	for w.Next() {
		f := w.Field()
		n, _ := tlv.Uint(f.Value[:min(len(f.Value), 8)])
		text := strings.TrimRight(tlv.Text(f.Value), " ")
		switch f.Tag {
		case ffd.TagFFDVersion:
			r.FFD = fiscal.FFD(n)
		case ffd.TagKKTRegID:
			r.RegNumber = fiscal.RegNumber(text)
		case ffd.TagKKTNumber:
			r.KKTNumber = text
		case ffd.TagKKTVersion:
			r.KKTVersion = text
		case ffd.TagUser:
			r.User = text
		case ffd.TagUserINN:
			r.UserINN = fiscal.INN(text)
		case ffd.TagRetailPlaceAddress:
			r.Address = text
		case ffd.TagRetailPlace:
			r.Place = text
		case ffd.TagTaxationType:
			r.Tax = TaxSystem(n)
		case ffd.TagOFDINN:
			if r.OFDINN = fiscal.INN(text); r.OFDINN == fiscal.NoINN {
				r.OFDINN = ""
			}
		case ffd.TagOFDName:
			r.OFDName = text
		case ffd.TagFNSSite:
			r.FNSSite = text
		case ffd.TagSellerAddress:
			r.SellerAddress = text
		case ffd.TagMachineNumber:
			r.MachineNumber = text
		case ffd.TagAgentType:
			r.Agents = Agent(n)
		case ffd.TagCashier:
			r.Cashier.Name = text
		case ffd.TagCashierINN:
			r.Cashier.INN = fiscal.INN(text)
		case ffd.TagAdditionalPropsFRC:
			r.Property = text
		case ffd.TagAdditionalDataFRC:
			r.PropertyData = append([]byte(nil), f.Value...)
		case ffd.TagUsageConditions:
			r.setConditions(uint32(n))
		default:
			if flag := r.flag(f.Tag); flag != nil {
				*flag = n != 0
			}
		}
	}
	return r, w.Err()
}

// flag is the mode that a flag tag of a registration report says; nil for others.
func (m *Modes) flag(tag tlv.Tag) *bool {
	switch tag {
	case ffd.TagAutoMode:
		return &m.Automatic
	case ffd.TagOfflineMode:
		return &m.Autonomous
	case ffd.TagEncryptionSign:
		return &m.Encryption
	case ffd.TagInternetSign:
		return &m.InternetOnly
	case ffd.TagServiceSign:
		return &m.Services
	case ffd.TagBSOSign:
		return &m.BSO
	case ffd.TagLotterySign:
		return &m.Lottery
	case ffd.TagGamblingSign:
		return &m.Gambling
	case ffd.TagExciseDutyProductSign:
		return &m.Excise
	case ffd.TagPrintInMachineSign:
		return &m.PrinterInMachine
	}
	return nil
}

// conditionBits are the bits of tag 1290 (enums.md).
func (m *Modes) conditionBits() map[uint32]*bool {
	return map[uint32]*bool{
		1 << 1: &m.PrinterInMachine, 1 << 2: &m.BSO, 1 << 5: &m.InternetOnly, 1 << 6: &m.Excise, 1 << 8: &m.Marking,
		1 << 9: &m.Services, 1 << 10: &m.Gambling, 1 << 11: &m.Lottery, 1 << 12: &m.Pawnshop, 1 << 13: &m.Insurance,
		1 << 14: &m.Vending, 1 << 15: &m.Catering, 1 << 16: &m.Wholesale,
	}
}

func (m *Modes) setConditions(n uint32) {
	for bit, flag := range m.conditionBits() {
		*flag = n&bit != 0
	}
}

// conditions is the value of tag 1290.
func (m *Modes) conditions() (n uint32) {
	for bit, flag := range m.conditionBits() {
		if *flag {
			n |= bit
		}
	}
	return n
}
