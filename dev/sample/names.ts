/** Given and family names by country, with the accents and lengths of real names. */
export const NAMES: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  DE: [
    ['Anna', 'Jürgen', 'Lukas', 'Sören', 'Mia', 'Käthe', 'Jonas', 'Leonie'],
    ['Müller', 'Schäfer', 'Weiß', 'Krüger', 'Vogel', 'Brandt', 'Köhler', 'Lorenz'],
  ],
  FR: [
    ['Élodie', 'Benoît', 'Chloé', 'François', 'Inès', 'Théo', 'Maëlle', 'Rémi'],
    ['Dupont', 'Lefèvre', 'Garçon', 'Moreau', 'Bérard', 'Girard', 'Rousseau', 'Noël'],
  ],
  NL: [
    ['Sanne', 'Daan', 'Femke', 'Bram', 'Lotte', 'Thijs'],
    ['de Vries', 'van den Berg', 'Bakker', 'Visser', 'Smit', 'Meijer'],
  ],
  ES: [
    ['Lucía', 'Álvaro', 'María José', 'Íñigo', 'Carmen', 'Javier'],
    ['García', 'Núñez', 'Fernández', 'Ibáñez', 'Ortega', 'Peña'],
  ],
  IT: [
    ['Giulia', 'Niccolò', 'Chiara', 'Matteo', 'Sofia', 'Davide'],
    ['Rossi', "D'Angelo", 'Esposito', 'Bianchi', 'Ferrari', 'Greco'],
  ],
  AT: [
    ['Magdalena', 'Florian', 'Theresa', 'Maximilian', 'Valentina', 'Jakob'],
    ['Gruber', 'Hofer', 'Pichler', 'Moser', 'Steiner', 'Bauer'],
  ],
  BE: [
    ['Elise', 'Wout', 'Margaux', 'Jef', 'Amélie', 'Pieter'],
    ['Peeters', 'Janssens', 'Dubois', 'Claes', 'Lambert', 'Wouters'],
  ],
  IE: [
    ['Aoife', 'Seán', 'Niamh', 'Cillian', 'Saoirse', 'Oisín'],
    ["O'Brien", 'Murphy', 'Ní Dhomhnaill', 'Kelly', 'Byrne', 'Walsh'],
  ],
  PT: [
    ['Inês', 'João', 'Beatriz', 'Simão', 'Mariana', 'Tomás'],
    ['Silva', 'Conceição', 'Gonçalves', 'Araújo', 'Simões', 'Mendes'],
  ],
  US: [
    ['Ashley', 'Michael', 'Destiny', 'Tyler', 'Jasmine', 'Brandon'],
    ['Johnson', 'Nguyen', 'Williams', 'Ramirez', 'Thompson', 'Lee'],
  ],
};
