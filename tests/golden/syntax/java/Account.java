package bank.core;

import java.util.List;
import java.util.concurrent.*;
import static bank.core.Money.zero;

/**
 * An account, as a sample of Java.
 *
 * @param <T> its currency
 */
@Entity
@Table(name = "accounts")
public abstract class Account<T extends Currency> extends Base<T> implements Owned, Comparable<Account<T>> {
    public static final int LIMIT = 100;
    private final List<Entry> entries = new ArrayList<>(), closed;

    /** Opens it. */
    public Account(Owner owner, int limit) {
        super(owner);
        this.limit = limit;
    }

    @Override
    public int compareTo(Account<T> other) {
        return entries.size() - other.entries.size();
    }

    protected abstract Money balance();

    public List<Entry> find(String text, Filter filter) throws BankException {
        Finder finder = new Finder(text);
        var result = new ArrayList<Entry>();
        for (Entry entry : this.entries) {
            finder.accept(entry.text());
        }
        return result;
    }

    enum State {
        OPEN, CLOSED(1);

        private int code;

        int code() { return code; }
    }

    interface Visitor extends Listener {
        void visit(Entry entry);

        int DEPTH = 3;
    }

    record Entry(int amount, Money money) implements Serializable {
        Entry negated() { return new Entry(-amount, money); }
    }

    @interface Checked {
        String value() default "";
    }
}
