namespace DemEngine.Kernels.Elements;

/// <summary>Sixteen bytes, the most that a thread loads or stores at once.</summary>
internal struct Words4
{
    public uint W0;
    public uint W1;
    public uint W2;
    public uint W3;

    public Words4(uint w0, uint w1, uint w2, uint w3)
    {
        W0 = w0;
        W1 = w1;
        W2 = w2;
        W3 = w3;
    }
}

/// <summary>Eight bytes: a group of eight elements of a one-byte type.</summary>
internal struct Words2
{
    public uint W0;
    public uint W1;

    public Words2(uint w0, uint w1)
    {
        W0 = w0;
        W1 = w1;
    }
}
