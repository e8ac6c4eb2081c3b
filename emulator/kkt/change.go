package kkt

import "github.com/fiscalbench/fiscalbench/fiscal"

// changes compares two registrations and names what differs (tag 1205).
func changes(old, now *Registration) (bits ChangeBits) {
	for _, c := range []struct {
		differs bool
		bit     ChangeBits
	}{
		{old.OFDINN != now.OFDINN && !old.Autonomous && !now.Autonomous, ChangeOFD},
		{old.User != now.User, ChangeUser},
		{old.Address != now.Address || old.Place != now.Place, ChangePlace},
		{old.Autonomous && !now.Autonomous, ChangeToTransfer},
		{!old.Autonomous && now.Autonomous, ChangeToAutonomous},
		{old.KKTVersion != now.KKTVersion, ChangeVersion},
		{old.Tax != now.Tax, ChangeTax},
		{old.MachineNumber != now.MachineNumber, ChangeMachine},
		{old.Automatic && !now.Automatic, ChangeFromAutomatic},
		{!old.Automatic && now.Automatic, ChangeToAutomatic},
		{!old.BSO && now.BSO, ChangeToBSO},
		{old.BSO && !now.BSO, ChangeFromBSO},
		{old.InternetOnly && !now.InternetOnly, ChangeFromInternet},
		{!old.InternetOnly && now.InternetOnly, ChangeToInternet},
		{old.Agents != 0 && now.Agents == 0 && now.FFD < fiscal.FFD12, ChangeFromAgent},
		{old.Agents == 0 && now.Agents != 0, ChangeToAgent},
		{old.Gambling && !now.Gambling, ChangeFromGambling},
		{!old.Gambling && now.Gambling, ChangeToGambling},
		{old.Lottery && !now.Lottery, ChangeFromLottery},
		{!old.Lottery && now.Lottery, ChangeToLottery},
		{old.FFD != now.FFD, ChangeFFD},
		{old.otherSettings() != now.otherSettings(), ChangeOther},
	} {
		if c.differs {
			bits |= c.bit
		}
	}
	return bits
}

// otherSettings are those that have no reason of their own in tag 1205.
func (r *Registration) otherSettings() [14]any {
	return [...]any{r.KKTNumber, r.OFDName, r.FNSSite, r.SellerAddress, r.Encryption, r.Services, r.Excise, r.PrinterInMachine,
		r.Marking, r.Pawnshop, r.Insurance, r.Vending, r.Catering, r.Wholesale}
}

// codes are the reasons as tag 1101 numbers them: 2 operator, 3 user's data, 4
// settings of the register.
func (b ChangeBits) codes() (codes []uint8) {
	if b&ChangeOFD != 0 {
		codes = append(codes, 2)
	}
	if b&(ChangeUser|ChangePlace) != 0 {
		codes = append(codes, 3)
	}
	if b&^(ChangeFN|ChangeOFD|ChangeUser|ChangePlace) != 0 {
		codes = append(codes, 4)
	}
	return codes
}
