import type { FieldError } from '../../domain/result.js';

/** A sheet's own sum of its payments, which would be paid once more as a payment. */
export const TOTAL_ROW: FieldError = { field: 'row', reason: 'total_row', message: 'this looks like a total row; delete it' };

/** What stands in front of a sum, as spreadsheets and people write it. */
const WORDS: ReadonlySet<string> = new Set(
  [
    'total,totals,grandtotal,subtotal,totalamount,sum,sumtotal',
    'summe,gesamt,gesamtsumme,gesamtbetrag,zwischensumme,insgesamt,endsumme',
    'totalgénéral,totaux,soustotal,somme,totalgeneral,totale,totalecomplessivo,somma,totalgeral,suma,sumatotal,soma',
    'totaal,eindtotaal,summa,totalt,ialt,yhteensä,razem,sumakońcowa,celkem,spolu,összesen,toplam,geneltoplam,σύνολο',
    'итого,всего,усього,合計,総計,小計,合计,总计,小计,總計,합계,총계,المجموع,סהכ',
  ].flatMap((words) => words.split(',')),
);

/** Whether the first cell of a row that is not empty says that the row is a sum. */
export const saysTotal = (cells: readonly string[]): boolean => {
  const first = cells.find((cell) => cell !== '');
  return first !== undefined && first.length <= WORD_MAX && WORDS.has(first.toLowerCase().replace(/[^\p{L}\p{M}]/gu, '')) && !/\d/.test(first);
};

const WORD_MAX = 32;

/** Finds amounts that equal the sum of all before them. Holds a number. */
export class RunningSum {
  private sum = 0n;
  private rows = 0;

  /** Whether this amount (minor units, 0 when it cannot be read) is the sum of at least two before it; it then counts like them. */
  add(amount: bigint): boolean {
    const isSum = this.rows >= 2 && amount > 0n && amount === this.sum;
    this.sum += amount;
    this.rows += 1;
    return isSum;
  }
}
