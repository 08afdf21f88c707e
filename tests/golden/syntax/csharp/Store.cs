// A store, as a sample of C#.
using System;
using System.Collections.Generic;
using Names = System.Collections.Generic.List<string>;
using static System.Math;

namespace Shop.Data
{
    /// <summary>Keeps orders.</summary>
    [Serializable]
    public class Store<T> : StoreBase<T>, IStore where T : class
    {
        private readonly Dictionary<int, T> _orders = new Dictionary<int, T>();
        public const int Limit = 10;
        public event Action Changed;

        public int Count { get; private set; } = 0;
        public string Name => "store";

        public Store(Clock clock, int size = 1) : base(size)
        {
            _clock = clock;
        }

        public async Task<T> FindAsync(int id, Filter filter)
        {
            var reader = new Reader(id);
            Filter second = filter.Next();
            foreach (Row row in reader.Rows())
            {
                await this._orders.AddAsync(row.Id);
            }
            return _orders[id];
        }

        private int Twice(int value) => value * 2;

        private enum State
        {
            Open,
            Closed = 2,
        }
    }

    public interface IStore : IDisposable
    {
        int Size { get; }
        void Clear();
    }

    public record Order(int Id, string Customer) : Entity;

    public struct Point { public int X; public int Y; }

    public delegate void Handler(object sender);
}
