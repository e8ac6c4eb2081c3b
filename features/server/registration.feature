Feature: Registration of a register with the operator
  The operator learns of a drive from its registration report and keeps what it says.

  Rule: The first document of a drive is a registration report with number 1 (fn.md 3.2)

    @case:O-001 @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: A registration report is confirmed and the register is shown
      Given a new register of FFD <ffd>
      When the register is registered
      And the register exchanges with the operator
      Then the last document is a registration report with number 1
      And the confirmation objects to nothing
      And the operator shows the drive as active
      And the operator has no remarks

      Examples:
        | ffd  |
        | 1.05 |
        | 1.1  |
        | 1.2  |

    @case:registration/encrypted @must
    Scenario: A register that encrypts is understood
      Given an encrypting register of FFD 1.2 with an open shift
      When the register issues and sends 3 receipts
      Then the operator keeps every document of the drive
      And the operator has no remarks
